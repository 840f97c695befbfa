// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AigcEdition} from "../src/AigcEdition.sol";
import {AigcWork} from "../src/AigcWork.sol";
import {IERC7007, IERC7007Updatable, IVerifier} from "../src/IERC7007.sol";
import {ModelRegistry} from "../src/ModelRegistry.sol";
import {Base, ContractWallet} from "./Base.sol";

contract FixedVerifier is IVerifier {
    bytes32 public right;

    function settle(bytes calldata prompt, bytes calldata aigcData) external {
        right = keccak256(abi.encode(prompt, aigcData));
    }

    function verify(bytes calldata prompt, bytes calldata aigcData, bytes calldata) external view returns (bool) {
        return right == keccak256(abi.encode(prompt, aigcData));
    }
}

/// Calls back while it is paid.
contract Greedy {
    AigcWork public work;
    AigcWork.Voucher public again;
    bytes public signature;

    function set(AigcWork work_, AigcWork.Voucher calldata voucher, bytes calldata signature_) external {
        (work, again, signature) = (work_, voucher, signature_);
    }

    receive() external payable {
        work.redeem{value: 0}(again, signature);
    }

    function isValidSignature(bytes32, bytes calldata) external pure returns (bytes4) {
        return 0x1626ba7e;
    }
}

contract AigcWorkTest is Base {
    uint256 private constant KEY = 0xA11CE;
    bytes32 private constant PROMPT = keccak256("a red fox");
    bytes32 private immutable META = sha256("{}");
    address private maker;
    FixedVerifier private verifier;
    AigcWork private work;

    function setUp() public {
        maker = vm.addr(KEY);
        verifier = new FixedVerifier();
        work = new AigcWork(maker, "Works", "W", verifier, 500);
        vm.warp(1_000_000);
    }

    function voucher(address to, uint256 price) private view returns (AigcWork.Voucher memory) {
        return AigcWork.Voucher(PROMPT, META, to, price, block.timestamp + 1 days);
    }

    function test_TheMakerMints() public {
        vm.prank(maker);
        uint256 id = work.mint(BOB, PROMPT, META);
        equal(id, uint256(keccak256(abi.encodePacked(PROMPT))));
        equal(work.ownerOf(id), BOB);
        check(
            keccak256(bytes(work.tokenURI(id))) == keccak256("ipfs://bafkreicecnx2gvntm6fbcrvnc336qze6st5u7qq7457igegamd3bzkx7ri"),
            "the URI is that of the two bytes {}"
        );
        vm.prank(maker);
        vm.expectRevert();
        work.mint(EVE, PROMPT, META);
    }

    function test_OnlyTheMaker() public {
        vm.startPrank(EVE);
        vm.expectPartialRevert(bytes4(keccak256("OwnableUnauthorizedAccount(address)")));
        work.mint(EVE, PROMPT, META);
        vm.expectPartialRevert(bytes4(keccak256("OwnableUnauthorizedAccount(address)")));
        work.setRoyalty(1);
        vm.expectPartialRevert(bytes4(keccak256("OwnableUnauthorizedAccount(address)")));
        work.setMetadata(1, META);
        vm.expectPartialRevert(bytes4(keccak256("OwnableUnauthorizedAccount(address)")));
        work.cancel(PROMPT);
        vm.expectPartialRevert(bytes4(keccak256("OwnableUnauthorizedAccount(address)")));
        work.update("", "");
        vm.stopPrank();
    }

    function test_NothingEmpty() public {
        vm.startPrank(maker);
        vm.expectRevert(AigcWork.EmptyDigest.selector);
        work.mint(BOB, 0, META);
        vm.expectRevert(AigcWork.EmptyDigest.selector);
        work.mint(BOB, PROMPT, 0);
        vm.stopPrank();
        vm.expectRevert();
        work.tokenURI(7);
    }

    function test_AVoucherIsBought() public {
        AigcWork.Voucher memory v = voucher(address(0), 1 ether);
        bytes memory signature = signed(KEY, work.voucherDigest(v));
        vm.deal(BOB, 3 ether);
        vm.prank(BOB);
        vm.expectPartialRevert(AigcWork.WrongPayment.selector);
        work.redeem{value: 0.5 ether}(v, signature);
        vm.prank(BOB);
        uint256 id = work.redeem{value: 1 ether}(v, signature);
        equal(work.ownerOf(id), BOB);
        equal(maker.balance, 1 ether);
        equal(address(work).balance, 0);
        vm.prank(BOB);
        vm.expectRevert();
        work.redeem{value: 1 ether}(v, signature);
    }

    function test_VouchersThatDoNotCount() public {
        AigcWork.Voucher memory v = voucher(BOB, 0);
        bytes memory signature = signed(KEY, work.voucherDigest(v));
        vm.prank(EVE);
        vm.expectPartialRevert(AigcWork.NotForYou.selector);
        work.redeem(v, signature);
        bytes memory other = signed(KEY + 1, work.voucherDigest(v));
        vm.prank(BOB);
        vm.expectRevert(AigcWork.NotSignedByMaker.selector);
        work.redeem(v, other);
        vm.prank(maker);
        work.cancel(PROMPT);
        vm.prank(BOB);
        vm.expectRevert(AigcWork.VoucherIsCancelled.selector);
        work.redeem(v, signature);
        vm.warp(block.timestamp + 2 days);
        vm.prank(BOB);
        vm.expectPartialRevert(AigcWork.Expired.selector);
        work.redeem(v, signature);
    }

    function test_WithoutAMakerNobodyMints() public {
        AigcWork.Voucher memory v = voucher(BOB, 0);
        vm.prank(maker);
        work.renounceOwnership();
        vm.prank(BOB);
        vm.expectRevert(AigcWork.NotSignedByMaker.selector);
        work.redeem(v, new bytes(65));
    }

    function test_WhatWasTakenBackTheMakerMayStillMint() public {
        vm.startPrank(maker);
        work.cancel(PROMPT);
        uint256 id = work.mint(ANN, PROMPT, META);
        check(work.metadataOf(id) == META, "minted");
        vm.expectPartialRevert(AigcWork.WrongToken.selector);
        work.cancel(PROMPT);
        vm.stopPrank();
    }

    function testFuzz_AChangedVoucherIsNotSigned(bytes32 prompt, bytes32 meta, bool open, uint256 price, uint256 later) public {
        AigcWork.Voucher memory v = voucher(BOB, 0);
        bytes memory signature = signed(KEY, work.voucherDigest(v));
        AigcWork.Voucher memory w = AigcWork.Voucher(prompt, meta, open ? address(0) : BOB, bound(price, 0, 10 ether), bound(later, block.timestamp, type(uint256).max - 1));
        vm.assume(keccak256(abi.encode(v)) != keccak256(abi.encode(w)));
        vm.deal(BOB, w.price);
        vm.prank(BOB);
        vm.expectRevert(AigcWork.NotSignedByMaker.selector);
        work.redeem{value: w.price}(w, signature);
    }

    function test_AVoucherOfAnotherContractOrChain() public {
        AigcWork other = new AigcWork(maker, "Works", "W", verifier, 500);
        AigcWork.Voucher memory v = voucher(BOB, 0);
        bytes memory signature = signed(KEY, other.voucherDigest(v));
        vm.prank(BOB);
        vm.expectRevert(AigcWork.NotSignedByMaker.selector);
        work.redeem(v, signature);
        signature = signed(KEY, work.voucherDigest(v));
        vm.chainId(77);
        vm.prank(BOB);
        vm.expectRevert(AigcWork.NotSignedByMaker.selector);
        work.redeem(v, signature);
    }

    function test_AContractMayBeTheMaker() public {
        ContractWallet wallet = new ContractWallet(maker, true);
        AigcWork its = new AigcWork(address(wallet), "W", "W", verifier, 0);
        AigcWork.Voucher memory v = voucher(BOB, 1 ether);
        bytes memory signature = signed(KEY, its.voucherDigest(v));
        vm.deal(BOB, 1 ether);
        vm.prank(BOB);
        its.redeem{value: 1 ether}(v, signature);
        equal(address(wallet).balance, 1 ether);
        ContractWallet closed = new ContractWallet(maker, false);
        its = new AigcWork(address(closed), "W", "W", verifier, 0);
        signature = signed(KEY, its.voucherDigest(v));
        vm.deal(BOB, 1 ether);
        vm.prank(BOB);
        vm.expectRevert(AigcWork.PaymentFailed.selector);
        its.redeem{value: 1 ether}(v, signature);
    }

    function test_AMakerThatCallsBackMintsNothingTwice() public {
        Greedy greedy = new Greedy();
        AigcWork its = new AigcWork(address(greedy), "W", "W", verifier, 0);
        AigcWork.Voucher memory v = voucher(address(0), 1);
        greedy.set(its, v, "");
        vm.deal(BOB, 1);
        vm.prank(BOB);
        vm.expectRevert(AigcWork.PaymentFailed.selector); // the call back wants the same token again
        its.redeem{value: 1}(v, "");
    }

    function test_RoyaltiesGoToTheMakerOfNow() public {
        (address to, uint256 amount) = work.royaltyInfo(1, 10_000);
        equal(to, maker);
        equal(amount, 500);
        vm.prank(maker);
        vm.expectPartialRevert(AigcWork.RoyaltyTooHigh.selector);
        work.setRoyalty(1001);
        vm.prank(maker);
        work.setRoyalty(1000);
        vm.prank(maker);
        work.transferOwnership(ANN);
        vm.prank(ANN);
        work.acceptOwnership();
        (to, amount) = work.royaltyInfo(1, 10_000);
        equal(to, ANN);
        equal(amount, 1000);
    }

    function test_MetadataMovesWhileTheMakerHoldsIt() public {
        vm.startPrank(maker);
        uint256 id = work.mint(maker, PROMPT, META);
        vm.expectRevert(AigcWork.EmptyDigest.selector);
        work.setMetadata(id, 0);
        work.setMetadata(id, sha256("x"));
        check(work.metadataOf(id) == sha256("x"), "moved");
        work.transferFrom(maker, BOB, id);
        vm.expectPartialRevert(AigcWork.NotForYou.selector);
        work.setMetadata(id, META);
        vm.stopPrank();
    }

    function test_ContentIsAttachedOnceItIsSettled() public {
        vm.prank(maker);
        uint256 id = work.mint(BOB, PROMPT, META);
        bytes memory prompt = abi.encodePacked(PROMPT);
        vm.expectRevert(AigcWork.NotVerified.selector);
        work.addAigcData(id, prompt, "picture", "");
        verifier.settle(prompt, "picture");
        vm.expectPartialRevert(AigcWork.WrongToken.selector);
        work.addAigcData(id, "another", "picture", "");
        work.addAigcData(id, prompt, "picture", "");
        check(work.contentOf(id) == keccak256("picture"), "attached");
        check(work.verify(prompt, "picture", ""), "and verified");
        vm.prank(maker);
        vm.expectRevert(AigcWork.NotVerified.selector);
        work.update(prompt, "better");
        verifier.settle(prompt, "better");
        vm.prank(maker);
        work.update(prompt, "better");
        check(work.contentOf(id) == keccak256("better"), "replaced");
        verifier.settle(prompt, "picture");
        vm.expectPartialRevert(AigcWork.HasContent.selector); // nobody else undoes that
        work.addAigcData(id, prompt, "picture", "");
        AigcWork none = new AigcWork(maker, "W", "W", IVerifier(address(0)), 0);
        check(!none.verify(prompt, "better", ""), "without a verifier nothing is settled");
    }

    function test_Interfaces() public view {
        check(type(IERC7007).interfaceId == 0x702c55a6, "ERC-7007's own id");
        check(type(IERC7007Updatable).interfaceId == 0x3f37dce2, "its extension's");
        for (uint256 i = 0; i < 6; ++i) {
            bytes4 id = [bytes4(0x01ffc9a7), 0x80ac58cd, 0x2a55205a, 0x49064906, 0x702c55a6, 0x3f37dce2][i];
            check(work.supportsInterface(id), "supported");
        }
        check(!work.supportsInterface(0xffffffff), "ERC-165");
    }

    function test_GasOfAVoucherMint() public {
        AigcWork.Voucher memory v = voucher(BOB, 0);
        bytes memory signature = signed(KEY, work.voucherDigest(v));
        bytes memory data = abi.encodeCall(AigcWork.redeem, (v, signature));
        vm.cool(address(work));
        vm.prank(BOB);
        work.redeem(v, signature);
        uint256 gas = transactionGas(data);
        emit Gas("voucher mint, first token of the buyer", gas);
        v = AigcWork.Voucher(keccak256("other"), META, BOB, 0, block.timestamp + 1);
        signature = signed(KEY, work.voucherDigest(v));
        vm.cool(address(work));
        vm.prank(BOB);
        work.redeem(v, signature);
        emit Gas("voucher mint, another one", transactionGas(abi.encodeCall(AigcWork.redeem, (v, signature))));
        check(transactionGas(abi.encodeCall(AigcWork.redeem, (v, signature))) <= 84_500, "voucher mint in 84.5k");
    }

    event Gas(string what, uint256 gas);

    function test_Editions() public {
        AigcEdition edition = new AigcEdition(maker);
        vm.prank(maker);
        edition.mint(ANN, META, 3);
        bytes memory data = abi.encodeCall(AigcEdition.mint, (BOB, META, 1));
        vm.cool(address(edition));
        vm.prank(maker);
        edition.mint(BOB, META, 1);
        uint256 gas = transactionGas(data);
        emit Gas("edition mint", gas);
        check(gas <= 48_000, "edition mint in 48k");
        equal(edition.balanceOf(BOB, uint256(META)), 1);
        check(keccak256(bytes(edition.uri(uint256(META)))) == keccak256("ipfs://bafkreicecnx2gvntm6fbcrvnc336qze6st5u7qq7457igegamd3bzkx7ri"), "uri");
        vm.prank(maker);
        vm.expectRevert(AigcEdition.EmptyDigest.selector);
        edition.mint(BOB, 0, 1);
        vm.prank(maker);
        vm.expectRevert(AigcEdition.EmptyAddress.selector);
        edition.mint(address(0), META, 1);
        vm.prank(EVE);
        vm.expectPartialRevert(AigcEdition.NotTheMaker.selector);
        edition.mint(EVE, META, 1);
    }
}

contract ModelRegistryTest is Base {
    ModelRegistry private registry = new ModelRegistry();
    bytes32 private immutable DIGEST = sha256("weights");

    function test_TheFirstKeepsIt() public {
        vm.prank(ANN);
        registry.register(DIGEST, "ipfs://card");
        equal(registry.model(DIGEST).maker, ANN);
        vm.prank(EVE);
        vm.expectPartialRevert(ModelRegistry.AlreadyRegistered.selector);
        registry.register(DIGEST, "mine");
        vm.prank(EVE);
        vm.expectPartialRevert(ModelRegistry.NotTheMaker.selector);
        registry.describe(DIGEST, "mine");
        vm.prank(EVE);
        vm.expectPartialRevert(ModelRegistry.NotTheMaker.selector);
        registry.withdraw(DIGEST);
        vm.prank(EVE);
        vm.expectPartialRevert(ModelRegistry.NotTheMaker.selector);
        registry.hand(DIGEST, EVE);
        vm.startPrank(ANN);
        registry.describe(DIGEST, "ipfs://other");
        check(keccak256(bytes(registry.model(DIGEST).uri)) == keccak256("ipfs://other"), "described");
        vm.expectRevert(ModelRegistry.EmptyAddress.selector);
        registry.hand(DIGEST, address(0));
        registry.hand(DIGEST, BOB);
        vm.stopPrank();
        vm.prank(BOB);
        registry.withdraw(DIGEST);
        check(registry.model(DIGEST).withdrawn, "withdrawn");
        vm.expectRevert(ModelRegistry.EmptyDigest.selector);
        registry.register(0, "");
    }
}
