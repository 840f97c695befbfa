// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ReadRewards} from "../src/ReadRewards.sol";
import {Base, CallingCoin, Coin, ContractWallet, FeeCoin, Invariant} from "./Base.sol";

contract ReadRewardsTest is Base {
    uint256 private constant KEY = 0x51;
    Coin private coin;
    ReadRewards private rewards;
    address private signer;

    function setUp() public {
        vm.warp(1_000_000);
        signer = vm.addr(KEY);
        coin = new Coin();
        rewards = new ReadRewards(JUDGE, EVE, coin, signer, 1 days, 1000, 300, 2 days);
        coin.mint(address(rewards), 1_000_000);
    }

    function voucher(address reader, uint256 total) private view returns (ReadRewards.Voucher memory v, bytes memory signature) {
        v = ReadRewards.Voucher(reader, reader, total, block.timestamp + 30 days);
        signature = signed(KEY, rewards.voucherDigest(v));
    }

    function claim(address reader, uint256 total) private returns (uint256) {
        (ReadRewards.Voucher memory v, bytes memory signature) = voucher(reader, total);
        return rewards.claim(v, signature);
    }

    function test_TheDifferenceIsPaid() public {
        equal(claim(ANN, 100), 100);
        equal(claim(ANN, 150), 50);
        equal(coin.balanceOf(ANN), 150);
        equal(rewards.paid(ANN), 150);
        (ReadRewards.Voucher memory v, bytes memory signature) = voucher(ANN, 150);
        vm.expectPartialRevert(ReadRewards.NothingNew.selector);
        rewards.claim(v, signature);
        (v, signature) = voucher(ANN, 120);
        vm.expectPartialRevert(ReadRewards.NothingNew.selector);
        rewards.claim(v, signature);
    }

    function test_AnybodyMayBringItButItGoesWhereItSays() public {
        ReadRewards.Voucher memory v = ReadRewards.Voucher(ANN, BOB, 10, block.timestamp);
        bytes memory signature = signed(KEY, rewards.voucherDigest(v));
        vm.prank(EVE);
        rewards.claim(v, signature);
        equal(coin.balanceOf(BOB), 10);
        v.to = EVE;
        vm.prank(EVE);
        vm.expectRevert(ReadRewards.NotSigned.selector);
        rewards.claim(v, signature);
    }

    function test_CapsHold() public {
        equal(claim(ANN, 1000), 300);
        (ReadRewards.Voucher memory v, bytes memory signature) = voucher(ANN, 1000);
        vm.expectPartialRevert(ReadRewards.NothingLeft.selector);
        rewards.claim(v, signature);
        equal(claim(BOB, 300), 300);
        equal(claim(address(3), 300), 300);
        equal(claim(address(4), 300), 100);
        equal(rewards.spent(), 1000);
        vm.warp(block.timestamp + 1 days);
        equal(rewards.spent(), 0);
        equal(claim(ANN, 1000), 300);
        equal(claim(address(4), 300), 200);
    }

    function test_VouchersOfElsewhere() public {
        ReadRewards other = new ReadRewards(JUDGE, EVE, coin, signer, 1 days, 1000, 300, 2 days);
        ReadRewards.Voucher memory v = ReadRewards.Voucher(ANN, ANN, 10, block.timestamp + 1);
        bytes memory signature = signed(KEY, other.voucherDigest(v));
        vm.expectRevert(ReadRewards.NotSigned.selector);
        rewards.claim(v, signature);
        signature = signed(KEY, rewards.voucherDigest(v));
        vm.chainId(5);
        vm.expectRevert(ReadRewards.NotSigned.selector);
        rewards.claim(v, signature);
        vm.chainId(31337);
        vm.warp(block.timestamp + 2);
        vm.expectPartialRevert(ReadRewards.Expired.selector);
        rewards.claim(v, signature);
    }

    function testFuzz_OnlyWhatWasSigned(address reader, address to, uint256 total, bytes calldata noise) public {
        ReadRewards.Voucher memory v = ReadRewards.Voucher(reader, to, total, block.timestamp);
        vm.expectRevert(ReadRewards.NotSigned.selector);
        rewards.claim(v, noise);
        bytes memory other = signed(KEY + 1, rewards.voucherDigest(v));
        vm.expectRevert(ReadRewards.NotSigned.selector);
        rewards.claim(v, other);
    }

    function testFuzz_NobodyEverGetsMoreThanTheirTotal(uint256[8] calldata totals, uint256[8] calldata waits) public {
        uint256 most = 0;
        uint256 before = 0;
        for (uint256 i = 0; i < 8; ++i) {
            uint256 total = bound(totals[i], 0, 2000);
            if (total > most) most = total;
            vm.warp(block.timestamp + waits[i] % 2 days);
            (ReadRewards.Voucher memory v, bytes memory signature) = voucher(ANN, total);
            try rewards.claim(v, signature) {} catch {}
            check(rewards.paid(ANN) >= before, "paid only grows");
            before = rewards.paid(ANN);
            check(before <= most, "never beyond what was earned");
            equal(coin.balanceOf(ANN), before);
        }
    }

    /// The drill: whoever stole the signer's key takes what they can before the guardian sees it.
    function test_AStolenSignerTakesOneEpochAtMost() public {
        uint256 before = coin.balanceOf(address(rewards));
        for (uint160 i = 0; i < 20; ++i) {
            (ReadRewards.Voucher memory v, bytes memory signature) = voucher(address(0x7000 + i), 1e18);
            try rewards.claim(v, signature) {} catch {}
        }
        equal(before - coin.balanceOf(address(rewards)), 1000);
        vm.prank(EVE); // the guardian
        rewards.pause();
        check(rewards.paused(), "paused");
        vm.warp(block.timestamp + 1 days);
        (ReadRewards.Voucher memory w, bytes memory s) = voucher(address(0x8000), 1e18);
        vm.expectRevert(ReadRewards.PausedNow.selector);
        rewards.claim(w, s);
        vm.startPrank(JUDGE);
        rewards.proposeSigner(vm.addr(KEY + 9));
        vm.expectPartialRevert(ReadRewards.TooEarly.selector);
        rewards.acceptSigner();
        vm.warp(block.timestamp + 2 days);
        rewards.acceptSigner();
        rewards.unpause();
        vm.stopPrank();
        vm.expectRevert(ReadRewards.NotSigned.selector);
        rewards.claim(w, s);
        s = signed(KEY + 9, rewards.voucherDigest(w));
        equal(rewards.claim(w, s), 300);
        vm.expectRevert(ReadRewards.NoSigner.selector);
        rewards.acceptSigner();
    }

    function test_WhoMayWhat() public {
        vm.startPrank(BOB);
        vm.expectRevert();
        rewards.pause();
        vm.expectRevert();
        rewards.unpause();
        vm.expectRevert();
        rewards.proposeSigner(BOB);
        vm.expectRevert();
        rewards.withdraw(BOB, 1);
        vm.stopPrank();
        vm.startPrank(JUDGE);
        vm.expectRevert(ReadRewards.NoSigner.selector);
        rewards.proposeSigner(address(0));
        vm.expectRevert(ReadRewards.PausedNow.selector); // while it pays, nobody takes the money away
        rewards.withdraw(JUDGE, 1);
        rewards.pause();
        rewards.withdraw(JUDGE, 7);
        equal(coin.balanceOf(JUDGE), 7);
        vm.stopPrank();
        vm.expectRevert(ReadRewards.WrongSettings.selector);
        new ReadRewards(JUDGE, EVE, coin, signer, 0, 1, 1, 1);
        vm.expectRevert(ReadRewards.WrongSettings.selector);
        new ReadRewards(JUDGE, EVE, coin, signer, 1, 1, 2, 1);
        vm.expectRevert(ReadRewards.WrongSettings.selector);
        new ReadRewards(JUDGE, EVE, coin, address(0), 1, 2, 1, 1);
    }

    function test_AContractMaySign() public {
        ContractWallet wallet = new ContractWallet(signer, false);
        rewards = new ReadRewards(JUDGE, EVE, coin, address(wallet), 1 days, 1000, 300, 2 days);
        coin.mint(address(rewards), 100);
        equal(claim(ANN, 10), 10);
    }

    function test_OddTokens() public {
        FeeCoin fee = new FeeCoin();
        ReadRewards r = new ReadRewards(JUDGE, EVE, fee, signer, 1 days, 1000, 300, 2 days);
        fee.mint(address(r), 1000);
        ReadRewards.Voucher memory v = ReadRewards.Voucher(ANN, ANN, 200, block.timestamp);
        r.claim(v, signed(KEY, r.voucherDigest(v)));
        equal(fee.balanceOf(ANN), 198);
        equal(r.paid(ANN), 200);
        CallingCoin calling = new CallingCoin();
        r = new ReadRewards(JUDGE, EVE, calling, signer, 1 days, 1000, 300, 2 days);
        calling.mint(address(r), 1000);
        Again again = new Again(r);
        v = ReadRewards.Voucher(address(again), address(again), 200, block.timestamp);
        again.set(v, signed(KEY, r.voucherDigest(v)));
        r.claim(v, signed(KEY, r.voucherDigest(v)));
        equal(calling.balanceOf(address(again)), 200);
        check(again.tried(), "it did call back");
    }

    event Gas(string what, uint256 gas);

    function test_GasOfAClaim() public {
        claim(ANN, 10);
        (ReadRewards.Voucher memory v, bytes memory signature) = voucher(ANN, 20);
        vm.cool(address(rewards));
        vm.cool(address(coin));
        rewards.claim(v, signature);
        uint256 gas = transactionGas(abi.encodeCall(ReadRewards.claim, (v, signature)));
        emit Gas("a reader's second claim", gas);
        check(gas <= 58_500, "a claim in 58.5k");
    }
}

contract Again {
    ReadRewards private rewards;
    ReadRewards.Voucher private v;
    bytes private signature;
    bool public tried;

    constructor(ReadRewards r) {
        rewards = r;
    }

    function set(ReadRewards.Voucher calldata v_, bytes calldata s) external {
        (v, signature) = (v_, s);
    }

    function received() external {
        tried = true;
        try rewards.claim(v, signature) {} catch {}
    }
}

/// Readers with vouchers of all kinds over many epochs.
contract RewardsInvariant is Invariant {
    RewardHands public hands;

    function setUp() public {
        vm.warp(1_000_000);
        hands = new RewardHands();
        target = address(hands);
    }

    function invariant_PaidIsWhatLeft() public view {
        uint256 sum = 0;
        for (uint160 i = 0; i < 5; ++i) {
            address reader = address(0x700 + i);
            sum += hands.rewards().paid(reader);
            check(hands.rewards().paid(reader) <= hands.earned(reader), "never beyond what was earned");
        }
        equal(sum + hands.coin().balanceOf(address(hands.rewards())), 1e6);
        check(hands.rewards().spent() <= hands.rewards().epochCap(), "the epoch's cap");
        check(!hands.shrank(), "paid only grows");
        equal(hands.mostInEpoch() <= hands.rewards().epochCap() ? 1 : 0, 1);
    }
}

contract RewardHands is Base {
    Coin public coin = new Coin();
    ReadRewards public rewards;
    mapping(address => uint256) public earned;
    mapping(uint64 => uint256) private inEpoch;
    uint256 public mostInEpoch;
    bool public shrank;

    constructor() {
        rewards = new ReadRewards(JUDGE, EVE, coin, vm.addr(9), 1 days, 500, 200, 1 days);
        coin.mint(address(rewards), 1e6);
    }

    function claim(uint256 who, uint256 total, uint256 wait) external {
        vm.warp(block.timestamp + wait % 12 hours);
        address reader = address(uint160(0x700 + who % 5));
        total = total % 5000;
        if (total > earned[reader]) earned[reader] = total;
        ReadRewards.Voucher memory v = ReadRewards.Voucher(reader, reader, total, block.timestamp);
        uint256 before = rewards.paid(reader);
        try rewards.claim(v, signed(9, rewards.voucherDigest(v))) returns (uint256 amount) {
            uint64 epoch = rewards.currentEpoch();
            inEpoch[epoch] += amount;
            if (inEpoch[epoch] > mostInEpoch) mostInEpoch = inEpoch[epoch];
        } catch {}
        if (rewards.paid(reader) < before) shrank = true;
    }

    function pause(bool on) external {
        vm.prank(JUDGE);
        if (on) rewards.pause();
        else rewards.unpause();
    }
}
