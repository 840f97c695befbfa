// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {BountyBoard} from "../src/BountyBoard.sol";
import {OutcomeMarket} from "../src/OutcomeMarket.sol";
import {ReadRewards} from "../src/ReadRewards.sol";
import {Base, Coin} from "./Base.sol";

/// A service that signs everything: what a signature allows is proven, not whose it is.
contract Yes {
    function isValidSignature(bytes32, bytes calldata) external pure returns (bytes4) {
        return this.isValidSignature.selector;
    }
}

/// Proven for every value of their arguments by halmos (tools/check/proofs); forge does not run functions that begin with check_.
contract ReadRewardsProofs is Base {
    uint96 private constant EPOCH = 100e18;
    uint96 private constant READER = 30e18;
    Coin private coin = new Coin();
    ReadRewards private rewards;

    function setUp() public {
        vm.warp(1_000_000);
        rewards = new ReadRewards(ANN, ANN, IERC20(address(coin)), address(new Yes()), 1 days, EPOCH, READER, 2 days);
        coin.mint(address(rewards), 1000e18);
    }

    function claim(address reader, address to, uint256 total) private returns (uint256 amount) {
        try rewards.claim(ReadRewards.Voucher(reader, to, total, type(uint256).max), "") returns (uint256 got) {
            amount = got;
        } catch {}
    }

    /// Two claims of one reader in one epoch: what was paid is what left, grows, and stays below the cap and what the vouchers say.
    function check_OneReaderTwice(uint256 first, uint256 second) public {
        uint256 a = claim(BOB, BOB, first);
        uint256 b = claim(BOB, BOB, second);
        assert(rewards.paid(BOB) == a + b);
        assert(coin.balanceOf(BOB) == a + b);
        assert(coin.balanceOf(address(rewards)) == 1000e18 - a - b);
        assert(a + b <= READER);
        assert(a <= first && (b == 0 || a + b <= second));
        assert(rewards.spent() == a + b);
    }

    /// Whatever five readers claim in an epoch, its cap holds; the fourth and fifth get what is left.
    function check_TheEpochsCapHolds(uint256 first, uint256 second, uint256 third, uint256 fourth) public {
        uint256 sum = claim(address(11), EVE, first) + claim(address(12), EVE, second) + claim(address(13), EVE, third) + claim(address(14), EVE, fourth);
        assert(sum <= EPOCH);
        assert(coin.balanceOf(EVE) == sum);
        assert(rewards.spent() == sum);
    }

    /// Nothing is paid while paying is stopped.
    function check_Paused(uint256 total, address reader, address to) public {
        vm.prank(ANN);
        rewards.pause();
        assert(claim(reader, to, total) == 0);
        assert(coin.balanceOf(address(rewards)) == 1000e18);
    }
}

contract BountyBoardProofs is Base {
    Coin private coin = new Coin();
    BountyBoard private board = new BountyBoard();

    function setUp() public {
        vm.warp(1_000_000);
        coin.mint(address(this), type(uint128).max);
        coin.approve(address(board), type(uint256).max);
    }

    /// What a job of two milestones holds, pays and gives back is what came in, whatever the sums.
    function check_EverySumComesOut(uint120 one, uint120 two, bool second) public {
        uint256[] memory amounts = new uint256[](2);
        (amounts[0], amounts[1]) = (one, two);
        try board.open(BountyBoard.Terms(coin, amounts, BOB, JUDGE, uint64(block.timestamp + 10 days), 1 days, "")) {}
        catch {
            return;
        }
        uint256 sum = uint256(one) + two;
        assert(coin.balanceOf(address(board)) == sum && board.escrowed(coin) == sum);
        for (uint256 i = 0; i < (second ? 2 : 1); ++i) {
            vm.prank(BOB);
            board.handIn(0, bytes32(uint256(1)));
            vm.prank(JUDGE);
            board.decide(0, BOB, true);
        }
        uint256 earned = second ? sum : one;
        assert(board.credit(coin, BOB) == earned && board.escrowed(coin) == sum - earned && board.owed(coin) == earned);
        if (!second) {
            vm.warp(block.timestamp + 11 days);
            board.close(0);
            board.take(coin);
        }
        vm.prank(BOB);
        board.take(coin);
        assert(coin.balanceOf(BOB) == earned);
        assert(coin.balanceOf(address(board)) == 0 && board.escrowed(coin) == 0 && board.owed(coin) == 0);
        assert(coin.balanceOf(address(this)) == type(uint128).max - earned);
    }

    /// Only the judge or the funder decides, and only the judge turns down.
    function check_WhoDecides(address who, bool accept) public {
        uint256[] memory amounts = new uint256[](1);
        amounts[0] = 5;
        board.open(BountyBoard.Terms(coin, amounts, BOB, JUDGE, uint64(block.timestamp + 10 days), 1 days, ""));
        vm.prank(BOB);
        board.handIn(0, bytes32(uint256(1)));
        vm.prank(who);
        try board.decide(0, BOB, accept) {
            assert(who == JUDGE || (accept && who == address(this)));
        } catch {
            assert(who != JUDGE);
        }
    }
}

contract OutcomeMarketProofs is Base {
    Coin private coin = new Coin();
    OutcomeMarket private market = new OutcomeMarket();

    function setUp() public {
        vm.warp(1_000_000);
        coin.mint(address(this), type(uint128).max);
        coin.mint(BOB, type(uint128).max);
        coin.approve(address(market), type(uint256).max);
        vm.prank(BOB);
        coin.approve(address(market), type(uint256).max);
        market.open(OutcomeMarket.Terms(IERC20(address(coin)), uint64(block.timestamp + 10 days), 1 days, 100, JUDGE, ANN, 1, 1000, "?"));
    }

    /// Sets taken apart and put together again: the collateral is always what the sets are.
    function check_SetsAreCovered(uint120 apart, uint120 together) public {
        vm.prank(BOB);
        try market.split(0, apart) {}
        catch {
            return;
        }
        vm.prank(BOB);
        try market.merge(0, together) {
            assert(together <= apart);
        } catch {
            return;
        }
        assert(market.marketOf(0).sets == 1000 + uint256(apart) - together);
        assert(coin.balanceOf(address(market)) == 1000 + uint256(apart) - together);
        assert(market.balanceOf(BOB, 0) == uint256(apart) - together && market.balanceOf(BOB, 1) == uint256(apart) - together);
    }

    /// Whatever the outcome, everybody's shares are paid from what is there, and nothing but a rounded half stays.
    function check_PayoutsAreCovered(uint120 apart, uint120 given, uint8 outcome) public {
        vm.prank(BOB);
        try market.split(0, apart) {}
        catch {
            return;
        }
        vm.prank(BOB);
        try market.safeTransferFrom(BOB, EVE, 0, given, "") {}
        catch {
            return;
        }
        if (outcome == 0 || outcome > 3) return;
        vm.warp(block.timestamp + 11 days);
        vm.prank(JUDGE);
        market.name(0, OutcomeMarket.Outcome(outcome));
        vm.warp(block.timestamp + 2 days);
        market.settle(0);
        market.take(coin);
        vm.prank(BOB);
        try market.redeem(0) {} catch {}
        vm.prank(EVE);
        try market.redeem(0) {} catch {}
        uint256 left = coin.balanceOf(address(market));
        assert(left <= 1);
        assert(coin.balanceOf(BOB) + coin.balanceOf(EVE) + left == type(uint128).max);
    }

    /// Nobody but the resolver names an outcome before thirty days of silence are over.
    function check_WhoNames(address who, uint32 later, uint8 outcome) public {
        if (outcome > 3) return;
        vm.warp(block.timestamp + later);
        vm.prank(who);
        try market.name(0, OutcomeMarket.Outcome(outcome)) {
            assert(later >= 10 days && outcome != 0);
            assert(who == JUDGE || (outcome == 3 && later >= 40 days));
        } catch {}
    }
}
